import { Message } from '@core/api/api';

export type Signal = Message<'Signal'>;
export const MOST_SIGNALS = 10;
const MOST_RECORDS = 1_000_000_000;

/** A signal as it is being written. */
export interface SignalRow {
  readonly kind: 'condition' | 'dataset';
  readonly name: string;
  readonly condition: Record<string, unknown> | undefined;
  readonly dataset: string;
  readonly unit: 'pct' | 'records';
  readonly most: number | undefined;
}

/** The signals as the API takes them, and what is wrong with the first that is not whole. */
export interface Written {
  readonly signals: readonly Signal[];
  readonly fault: string;
}

export const EMPTY: SignalRow = { kind: 'condition', name: '', condition: undefined, dataset: '', unit: 'pct', most: 2 };

/** What a row lacks, as a sentence; the API refuses the same. */
export function signalFault(row: SignalRow): string {
  if (row.kind === 'condition' && !row.condition) {
    return $localize`:@@rollouts.signalNoCondition:Complétez le test du signal : un fait, et sa valeur.`;
  }
  if (row.kind === 'dataset' && !row.dataset) {
    return $localize`:@@rollouts.signalNoSet:Choisissez le jeu de données à compter.`;
  }
  return limitFault(row);
}

/** What is wrong with its limit alone. */
export function limitFault(row: SignalRow): string {
  const most = row.unit === 'pct' ? 99 : MOST_RECORDS;
  if (row.most === undefined || !Number.isInteger(row.most) || row.most < 0 || row.most > most) {
    return row.unit === 'pct'
      ? $localize`:@@rollouts.signalBadPct:Un pourcentage entier de 0 à 99 : 0 interrompt au premier poste.`
      : $localize`:@@rollouts.signalBadCount:Un nombre entier d’enregistrements, d’au plus un milliard.`;
  }
  return '';
}

/** A test that is alone goes without its group: people read « spooler eq stopped », not JSON. */
function alone(condition: Record<string, unknown> | undefined): Record<string, unknown> | null {
  const all = condition?.['all'];
  return Array.isArray(all) && all.length === 1 ? (all[0] as Record<string, unknown>) : (condition ?? null);
}

export function signalsOf(rows: readonly SignalRow[]): Written {
  const faults = rows.map(signalFault);
  const signals = rows.filter((_, place) => !faults[place]).map((row): Signal => ({
    name: row.name.trim(),
    condition: row.kind === 'condition' ? alone(row.condition) : null,
    dataset: row.kind === 'dataset' ? row.dataset : '',
    max_pct: row.unit === 'pct' ? (row.most ?? null) : null,
    max_records: row.unit === 'records' ? (row.most ?? null) : null,
  }));
  return { signals, fault: faults.find(Boolean) ?? '' };
}
