// The bundler replaces packages with this that the program never calls.
export {};
