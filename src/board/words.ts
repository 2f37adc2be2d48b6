/** What a name may not contain: control characters, marks that turn the direction of the text, invisible ones. */
const invisible = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The longest text that is shown whole. */
const longest = 400;

/** A text from outside, safe to show in one line: what nobody can see is marked, and a long text is cut. */
export function clean(text: string, most = longest): string {
  const shown = text.slice(0, most).replace(/\s+/g, ' ').replace(invisible, '\u{fffd}').trim();
  return text.length > most ? `${shown}…` : shown;
}

/** A time span in words: `45 s`, `2 min 10 s`, `1 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [minutes, hours] = [Math.floor(whole / 60), Math.floor(whole / 3_600)];
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** A number with its noun. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}
