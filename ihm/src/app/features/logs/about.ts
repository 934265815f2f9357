import { Message } from '@core/api/api';
import { count } from '@core/format';
import { Tone } from '@ui/tone';
import { hiddenKind } from './words';

export type ArchiveFile = Message<'ArchiveFile'>;

/** What the PC says of a file in its manifest; any of it may lack. */
export interface About {
  readonly path?: string;
  readonly size_bytes?: number;
  readonly sha256?: string;
  readonly encoding?: string;
  readonly is_cut?: boolean;
  readonly is_changed?: boolean;
  readonly lines_left_out?: number;
  readonly redacted?: Readonly<Record<string, number>>;
  readonly why?: string;
}

export interface Note {
  readonly words: string;
  readonly tone: Tone;
}

export const aboutOf = (file: ArchiveFile): About => file.about as About;

/** How much was hidden in a file, or in a whole archive. */
export function hidden(redacted: unknown): number {
  return kinds(redacted).reduce((sum, [, n]) => sum + n, 0);
}

/** « noms de personnes : 12, numéros de téléphone : 3 », the most first; never what. */
export function hiddenSaid(redacted: unknown): string {
  return kinds(redacted).sort(([, one], [, other]) => other - one).map(([kind, n]) => `${hiddenKind(kind)} : ${count(n)}`).join(', ');
}

/** What somebody must know before trusting a file: it is not whole, or it moved while it was read. */
export function notes(file: ArchiveFile): Note[] {
  const about = aboutOf(file);
  const some: (Note | false | undefined)[] = [
    about.is_cut && { words: $localize`:@@logs.fileCut:début coupé`, tone: 'warn' },
    about.is_changed && { words: $localize`:@@logs.fileChanged:modifié pendant la lecture`, tone: 'warn' },
    !!about.why && { words: $localize`:@@logs.fileDamaged:lu en partie`, tone: 'bad' },
    hidden(about.redacted) > 0 && { words: $localize`:@@logs.fileHidden:masqués : ${count(hidden(about.redacted))}:n:`, tone: 'info' },
  ];
  return some.filter((one): one is Note => !!one);
}

/** What follows the last separator, of Windows or of others. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}

export function folderOf(path: string): string {
  return path.slice(0, path.length - fileName(path).length);
}

function kinds(redacted: unknown): [string, number][] {
  const held = typeof redacted === 'object' && redacted !== null ? Object.entries(redacted) : [];
  return held.filter((one): one is [string, number] => typeof one[1] === 'number' && one[1] > 0);
}

/** The first line of the page that a line is on. */
export const LINES = 500;
export function pageOf(line: number): number {
  return Math.floor((Math.max(1, line) - 1) / LINES) * LINES + 1;
}

/** A line in three: before what was found, that, and after it. */
export function cutAt(text: string, start: number, end: number): readonly [string, string, string] {
  return [text.slice(0, start), text.slice(start, end), text.slice(end)];
}

/** Offsets count characters as Python does: one that lies outside the basic plane is one, not two. */
export function offsetOf(text: string, characters: number): number {
  return [...text].slice(0, characters).join('').length;
}
