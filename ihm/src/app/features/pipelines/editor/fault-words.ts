import { Message } from '@core/api/api';

export type Fault = Message<'Fault'>;

/** What is wrong, in the words of this interface; the server's own where it has no others. */
export function wordsOf(fault: Fault): string {
  const v = (fault.values ?? {}) as Record<string, string>;
  const near = v['near'] ? ' ' + $localize`:@@pipelines.fault.near:Vouliez-vous dire « ${v['near']}:near: » ?` : '';
  switch (fault.code) {
    case 'yaml.syntax': return $localize`:@@pipelines.fault.syntax:Ce n’est pas du YAML : ${v['problem'] ?? fault.message}:problem:`;
    case 'yaml.empty': return $localize`:@@pipelines.fault.empty:Rien n’est écrit.`;
    case 'yaml.duplicate_key': return $localize`:@@pipelines.fault.twice:Clé écrite deux fois : « ${v['key_name']}:key: ».`;
    case 'schema.unknown_key': return $localize`:@@pipelines.fault.unknown:Clé inconnue : « ${v['key_name']}:key: ».` + near;
    case 'schema.missing_key': return $localize`:@@pipelines.fault.missing:Il manque la clé « ${v['key_name']}:key: ».`;
    case 'schema.type': return $localize`:@@pipelines.fault.type:Valeur d’un autre type : attendu ${typeOf(v['expected'] ?? '')}:expected:, trouvé ${v['found']}:found:.`;
    case 'schema.value': return $localize`:@@pipelines.fault.value:Valeur refusée : ${v['found']}:found:.` + (near || ' ' + $localize`:@@pipelines.fault.choices:Une de : ${v['choices']}:choices:.`);
    case 'schema.bound': return boundOf(v, fault);
    case 'condition.malformed': return $localize`:@@pipelines.fault.condition:Condition : ${fault.message}:reason:`;
    case 'pipeline.name': case 'draft.name': return $localize`:@@pipelines.fault.name:Un nom a de 1 à 63 caractères parmi a-z, 0-9 et _, et commence par une lettre.`;
    case 'pipeline.same_id': return $localize`:@@pipelines.fault.sameId:Une autre étape s’appelle déjà « ${v['found']}:found: ».`;
    case 'pipeline.no_step': return $localize`:@@pipelines.fault.noStep:Aucune étape précédente ne s’appelle « ${v['found']}:found: ».`;
    case 'pipeline.no_parameter': return $localize`:@@pipelines.fault.noParameter:Aucun paramètre ne s’appelle « ${v['found']}:found: ».`;
    case 'pipeline.approval_action': return $localize`:@@pipelines.fault.approvalAction:Seule une collecte peut se passer d’approbation.`;
    case 'pipeline.approval_step': return $localize`:@@pipelines.fault.approvalStep:« ${v['step']}:step: » demande une approbation : retirez « approval: none ».`;
    case 'pipeline.collect_step': return $localize`:@@pipelines.fault.collectStep:« ${v['step']}:step: » change le poste : ce pipeline est une action, pas une collecte.`;
    case 'pipeline.reserved': return $localize`:@@pipelines.fault.reserved:Ce nom est réservé aux mises à jour de l’agent.`;
    case 'catalog.published': return $localize`:@@pipelines.fault.published:La version ${v['held']}:held: est publiée pour toujours : augmentez « version ».`;
    default: return fault.message;
  }
}

function typeOf(expected: string): string {
  const words: Record<string, string> = {
    string: $localize`:@@pipelines.fault.string:un texte`, integer: $localize`:@@pipelines.fault.integer:un entier`, number: $localize`:@@pipelines.fault.number:un nombre`,
    boolean: $localize`:@@pipelines.fault.boolean:true ou false`, array: $localize`:@@pipelines.fault.array:une liste`, object: $localize`:@@pipelines.fault.object:des clés et des valeurs`,
  };
  return expected.split(' or ').map((one) => words[one] ?? one).join(', ');
}

function boundOf(v: Record<string, string>, fault: Fault): string {
  const value = v['value'] ?? '';
  switch (v['rule']) {
    case 'minimum': return $localize`:@@pipelines.fault.minimum:Au moins ${value}:value:.`;
    case 'exclusiveMinimum': return $localize`:@@pipelines.fault.above:Plus que ${value}:value:.`;
    case 'maximum': return $localize`:@@pipelines.fault.maximum:Au plus ${value}:value:.`;
    case 'minItems': return $localize`:@@pipelines.fault.minItems:Au moins ${value}:value: élément(s).`;
    case 'maxItems': return $localize`:@@pipelines.fault.maxItems:Au plus ${value}:value: élément(s).`;
    case 'pattern': return $localize`:@@pipelines.fault.pattern:Un texte de cette forme : ${value}:value:.`;
    default: return fault.message;
  }
}
