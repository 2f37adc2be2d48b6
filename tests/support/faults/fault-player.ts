import { type Exchange, faults } from './fault-proxy.js';
import type { FaultKind, FaultScript } from './fault-table.js';

/** Plays a fault of the table on a request at a fault proxy. */
export async function playFault(fault: FaultKind | undefined, exchange: Exchange, script: FaultScript): Promise<void> {
  const { delivery = 'at once', reply = 'genuine' } = fault ?? {};
  if (delivery === 'before the next request' || delivery === 'after the call') script.hold(delivery, exchange.pass);
  if (delivery === 'twice') await exchange.pass();
  const genuine = delivery === 'at once' || delivery === 'twice' ? await exchange.pass() : undefined;
  if (typeof reply === 'object') return faults.answerBefore(reply.status, reply.body)(exchange);
  if (reply === 'reset') return exchange.reset();
  if (reply === 'silence') return;
  if (!genuine) throw new Error(`a request that is not delivered has no answer: ${reply}`);
  const passed: Exchange = { ...exchange, pass: async () => genuine };
  switch (reply) {
    case 'genuine':
      return exchange.reply(genuine);
    case 'half a body':
      return faults.halfJson(passed);
    case 'cut body':
      return faults.cutInBody(passed);
    case 'stalled body':
      return faults.stallInBody(passed);
    case 'endless body':
      return faults.endlessBody(passed);
    default:
      throw new Error(`a fault proxy cannot refuse one connection: ${reply}`);
  }
}
