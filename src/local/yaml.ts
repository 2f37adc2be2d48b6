// A file to load in the package's stead: bundled, a package in CommonJS that is imported dynamically has no names.
export { parse } from 'yaml';
