/** What CodeMirror says, in the language of the page. */
export const PHRASES: Record<string, string> = {
  'Find': $localize`:@@pipelines.editor.find:Chercher`, 'Replace': $localize`:@@pipelines.editor.replace:Remplacer`, 'next': $localize`:@@pipelines.editor.next:suivant`,
  'previous': $localize`:@@pipelines.editor.previous:précédent`, 'all': $localize`:@@pipelines.editor.all:tout`, 'match case': $localize`:@@pipelines.editor.case:casse`,
  'by word': $localize`:@@pipelines.editor.word:mot entier`, 'regexp': $localize`:@@pipelines.editor.regexp:expression`, 'replace': $localize`:@@pipelines.editor.replaceOne:remplacer`,
  'replace all': $localize`:@@pipelines.editor.replaceAll:tout remplacer`, 'close': $localize`:@@pipelines.editor.close:fermer`, 'Go to line': $localize`:@@pipelines.editor.line:Aller à la ligne`,
  'go': $localize`:@@pipelines.editor.go:aller`, 'Folded lines': $localize`:@@pipelines.editor.folded:Lignes repliées`, 'Unfolded lines': $localize`:@@pipelines.editor.unfolded:Lignes dépliées`,
  'Fold line': $localize`:@@pipelines.editor.fold:Replier`, 'Unfold line': $localize`:@@pipelines.editor.unfold:Déplier`, 'folded code': $localize`:@@pipelines.editor.foldedCode:lignes repliées`,
  'unfold': $localize`:@@pipelines.editor.unfoldThem:déplier`, 'Diagnostics': $localize`:@@pipelines.editor.problems:Problèmes`, 'No diagnostics': $localize`:@@pipelines.editor.none:Aucun problème`,
  'Completions': $localize`:@@pipelines.editor.completions:Propositions`, 'Control character': $localize`:@@pipelines.editor.control:Caractère de contrôle`,
};
