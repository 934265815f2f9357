/** A first pipeline, to begin from. */
export interface Template {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly text: (name: string) => string;
}

const head = (name: string, kind: string, title: string) => `type: pipeline
spec: 1
name: ${name}
version: 1
kind: ${kind}
title: ${title}
`;

/** What people begin with: nothing of it reads a file's content, but the last one. */
export const TEMPLATES: readonly Template[] = [
  {
    id: 'inventory',
    title: $localize`:@@pipelines.template.inventory:Inventaire`,
    about: $localize`:@@pipelines.template.inventoryAbout:Matériel et logiciels installés. Sans approbation : rien n’est lu dans les fichiers.`,
    text: (name) => `# ${$localize`:@@pipelines.template.inventoryComment:Ce dont chaque poste est fait, et ce qui y est installé.`}
${head(name, 'collect', $localize`:@@pipelines.template.inventoryTitle:Inventaire du poste`)}approval: none
condition:
  all:
    - {fact: os.family, op: eq, value: windows}
steps:
  - {id: hardware, use: collect_hardware, timeout_s: 60}
  - {id: software, use: collect_software, timeout_s: 120}
`,
  },
  {
    id: 'registry',
    title: $localize`:@@pipelines.template.registry:Valeurs du registre`,
    about: $localize`:@@pipelines.template.registryAbout:Ce que l’installeur du logiciel a laissé : version, édition, dossier. Sans approbation.`,
    text: (name) => `# ${$localize`:@@pipelines.template.registryComment:Où le logiciel est installé, et dans quelle version.`}
${head(name, 'collect', $localize`:@@pipelines.template.registryTitle:Version du logiciel`)}approval: none
condition:
  all:
    - {fact: os.family, op: eq, value: windows}
steps:
  - id: product
    use: read_registry
    with:
      values:
        - {name: version, key: 'HKLM\\SOFTWARE\\Éditeur\\Cabinet', value: Version}
`,
  },
  {
    id: 'program',
    title: $localize`:@@pipelines.template.program:Lancer un programme`,
    about: $localize`:@@pipelines.template.programAbout:Une action : elle change le poste, et demande un déploiement approuvé. Ses paramètres ont des bornes.`,
    text: (name) => `# ${$localize`:@@pipelines.template.programComment:Prépare le poste à la prochaine version du logiciel.`}
${head(name, 'action', $localize`:@@pipelines.template.programTitle:Préparer la mise à jour`)}condition:
  all:
    - {fact: os.family, op: eq, value: windows}
    - {fact: product.version, op: version_lt, value: '8.2'}
steps:
  - id: prepare
    use: run_program
    timeout_s: 120
    with: {argv: ['C:\\Program Files\\Cabinet\\prepare.exe', {$param: channel}]}
parameters:
  channel: {type: string, enum: [stable, pilot], default: stable, description: ${$localize`:@@pipelines.template.programParameter:Versions à préparer.`}}
`,
  },
  {
    id: 'file',
    title: $localize`:@@pipelines.template.file:Lire dans un fichier`,
    about: $localize`:@@pipelines.template.fileAbout:Une valeur d’un fichier de configuration. Lire un fichier demande une approbation.`,
    text: (name) => `# ${$localize`:@@pipelines.template.fileComment:Le serveur auquel le logiciel est relié.`}
${head(name, 'collect', $localize`:@@pipelines.template.fileTitle:Serveur du cabinet`)}condition:
  all:
    - {fact: os.family, op: eq, value: windows}
steps:
  - id: config
    use: read_file
    with:
      path: 'C:\\ProgramData\\Éditeur\\Cabinet\\cabinet.ini'
      values: [{name: server, by: ini, section: Base, at: Serveur}]
`,
  },
];
