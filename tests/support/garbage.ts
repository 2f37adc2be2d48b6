import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects garbage again and again while a promise is pending, so that weakly held objects are lost. */
export async function whileCollectingGarbage<Value>(going: Promise<Value>): Promise<Value> {
  const collecting = setInterval(collect, 10);
  return going.finally(() => clearInterval(collecting));
}
