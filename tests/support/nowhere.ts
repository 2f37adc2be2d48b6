/**
 * An address where nobody listens. The system gives so low a port to nobody by chance, but it may give away a port that was
 * just freed. Some other ports, such as 9, are blocked by fetch itself.
 */
export const nowhere = 'http://127.0.0.1:2';
