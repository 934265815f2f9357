import { Message } from '@core/api/api';

type Fact = Message<'FactView'>;

const LABELS: Readonly<Record<string, string>> = {
  product: $localize`:@@family.product:Logiciel médical`,
  os: $localize`:@@family.os:Système`,
  hardware: $localize`:@@family.hardware:Matériel`,
  agent: $localize`:@@family.agent:Agent Canopée`,
  device: $localize`:@@family.device:Poste`,
  practice: $localize`:@@family.practice:Cabinet`,
  predecessor: $localize`:@@family.predecessor:Ancien outil`,
};

/** The family of a fact is the word before its first dot. */
export function familyOf(name: string): string {
  return name.split('.', 1)[0] ?? name;
}

export function familyLabel(family: string): string {
  return LABELS[family] ?? family;
}

/** Facts by family: those that are known first, in the order above, then the vendor's own. */
export function families(facts: readonly Fact[]): readonly { readonly name: string; readonly label: string; readonly facts: readonly Fact[] }[] {
  const known = Object.keys(LABELS);
  const place = (name: string) => (known.includes(name) ? known.indexOf(name) : known.length);
  const names = [...new Set(facts.map((fact) => familyOf(fact.name)))].sort((one, other) => place(one) - place(other) || one.localeCompare(other));
  return names.map((name) => ({ name, label: familyLabel(name), facts: facts.filter((fact) => familyOf(fact.name) === name) }));
}
