import { Message } from '@core/api/api';

export type Row = Message<'Device'>;

/** A column of the table: what it sorts by, and how wide it is, so that nothing jumps while it loads. */
export interface Column {
  readonly id: string;
  readonly label: string;
  readonly sort?: string;
  readonly width: number;
}

const OWN: readonly Column[] = [
  { id: 'hostname', label: $localize`:@@devices.hostname:Poste`, sort: 'hostname', width: 148 },
  { id: 'state', label: $localize`:@@devices.state:État`, sort: 'state', width: 102 },
  { id: 'practice', label: $localize`:@@devices.practice:Cabinet`, sort: 'practice', width: 132 },
  { id: 'product', label: $localize`:@@devices.product:Logiciel`, sort: 'fact:product.version', width: 84 },
  { id: 'os', label: $localize`:@@devices.os:Système`, sort: 'fact:os.name', width: 126 },
  { id: 'last_seen', label: $localize`:@@devices.lastSeen:Dernier contact`, sort: 'last_seen', width: 120 },
  { id: 'last_run', label: $localize`:@@devices.lastRun:Dernière exécution`, width: 142 },
  { id: 'agent_version', label: $localize`:@@devices.agent:Agent`, sort: 'agent_version', width: 92 },
  { id: 'tags', label: $localize`:@@devices.tag:Étiquettes`, width: 160 },
  { id: 'platform', label: $localize`:@@devices.platform:Plateforme`, sort: 'platform', width: 112 },
  { id: 'enrolled', label: $localize`:@@devices.enrolled:Enrôlé`, sort: 'enrolled', width: 120 },
  { id: 'id', label: $localize`:@@devices.id:Identifiant`, sort: 'id', width: 310 },
];
export const DEFAULT_COLUMNS = ['hostname', 'state', 'practice', 'product', 'os', 'last_seen', 'last_run'];
export const OWN_COLUMNS = OWN;
const FACT = 'fact:';

/** The columns of an address (`state,hostname,fact:hardware.cores`), those by default when it names none that is known. */
export function columnsOf(text: string | null): readonly Column[] {
  const wanted = text?.split(',') ?? DEFAULT_COLUMNS;
  const found = wanted.map((id) => OWN.find((one) => one.id === id) ?? factColumn(id)).filter((one) => one !== undefined);
  return found.some((one) => one.id === 'hostname') ? found : columnsOf(null);
}

export function factColumn(id: string): Column | undefined {
  const name = id.startsWith(FACT) ? id.slice(FACT.length) : '';
  return name && name.length <= 200 ? { id, label: name, sort: id, width: 160 } : undefined;
}

/** The value of a fact as people read it. */
export function factText(value: unknown): string {
  if (typeof value === 'boolean') {
    return value ? $localize`:@@devices.yes:oui` : $localize`:@@devices.no:non`;
  }
  return value === undefined || value === null ? '' : String(value as string | number);
}
