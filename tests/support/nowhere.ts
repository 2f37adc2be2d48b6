/**
 * Where nobody listens: nobody is given so low a port unasked, as may happen to one that has just been freed. At some
 * others, as 9, fetch does not even try.
 */
export const nowhere = 'http://127.0.0.1:2';
