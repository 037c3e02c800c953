let chapters = 0;

/** Begins the next part of the story. */
export function chapter(title: string): void {
  chapters += 1;
  console.log(`\n${emphasized(`${chapters}. ${title}`)}`);
}

/** Tells one thing that happened. */
export function tell(line: string): void {
  console.log(line === '' ? '' : `   ${line}`);
}

function emphasized(text: string): string {
  return process.stdout.isTTY && process.env.NO_COLOR === undefined ? `\x1b[1m${text}\x1b[22m` : text;
}
