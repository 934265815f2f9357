import { Message } from '@core/api/api';
import { bytes, count, duration, share } from '@core/format';
import { wallOf } from './cron';
import { freezeSaid } from './freeze-said';
import { beforeOf, beforeSaid } from './prerequisites';
import { nextTimes, occurrenceSaid, recurrenceSaid } from './recurring';
import { Asked } from './request';
import { windowSaid } from './weekly';
import { moment, partOf } from './words';

export interface Part {
  readonly title: string;
  readonly lines: readonly string[];
}

/** What a campaign will do, in words: what, to whom, when, what halts it, who may act. Numbers are those of the preview, as of now. */
export function reviewOf(asked: Asked, title: string, found: Message<'CampaignPreview'> | undefined, isFree: boolean, now: number): Part[] {
  const parts: Part[] = [
    { title: $localize`:@@rollouts.reviewWhat:Quoi`, lines: whatOf(asked, title) },
    { title: $localize`:@@rollouts.reviewWho:À qui`, lines: whoOf(asked, found, isFree) },
    { title: $localize`:@@rollouts.reviewWhen:Quand`, lines: whenOf(asked, found, isFree, now) },
  ];
  if (!isFree) {
    parts.push({ title: $localize`:@@rollouts.reviewHalts:Ce qui l’interrompt`, lines: haltsOf(asked.rollout) });
  }
  parts.push({ title: $localize`:@@rollouts.reviewActs:Qui peut agir`, lines: actsOf(found, isFree) });
  return parts;
}

function whatOf({ pipeline, parameters, supersedes }: Asked, title: string): string[] {
  const given = Object.entries(parameters).map(([name, value]) => `${name} = ${value}`).join(', ');
  return [
    given ? $localize`:@@rollouts.reviewPipelineWith:${title}:title: (${pipeline}:pipeline:), avec ${given}:given:.` : `${title} (${pipeline}).`,
    ...(supersedes ? [$localize`:@@rollouts.reviewSupersedes:À son démarrage, il met fin aux déploiements plus anciens de ce pipeline.`] : []),
  ];
}

function whoOf({ pilots, after, recurrence }: Asked, found: Message<'CampaignPreview'> | undefined, isFree: boolean): string[] {
  const later = !isFree
    ? $localize`:@@rollouts.reviewJoin:ceux qui viendront à la remplir rejoindront leur palier`
    : recurrence
      ? $localize`:@@rollouts.reviewJoinNext:ceux qui viendront à la remplir auront les occurrences d’alors`
      : $localize`:@@rollouts.reviewJoinNot:ceux qui ne la remplissent pas encore ne l’auront pas`;
  const who = found
    ? $localize`:@@rollouts.reviewReached:${count(found.total)}:n: poste(s) sur ${count(found.fleet)}:of: aujourd’hui ; chacun revérifie la condition avant d’exécuter ; ${later}:later:.`
    : $localize`:@@rollouts.reviewUnknown:Le nombre de postes n’est pas connu pour l’instant.`;
  const needed = after.map((one) => beforeSaid(beforeOf(one))).join(' ; ');
  return [
    who,
    ...(pilots.length ? [$localize`:@@rollouts.reviewPilots:${count(pilots.length)}:n: poste(s) pilote(s) passent avec le premier palier.`] : []),
    ...(needed ? [$localize`:@@rollouts.reviewAfter:Seulement une fois réussi sur le poste : ${needed}:what:. Les autres attendent sans retenir personne.`] : []),
    ...(needed && found?.lacking ? [$localize`:@@rollouts.reviewLacking:Aujourd’hui, ${count(found.lacking)}:n: poste(s) attendraient.`] : []),
  ];
}

function whenOf(asked: Asked, found: Message<'CampaignPreview'> | undefined, isFree: boolean, now: number): string[] {
  const begins = asked.recurrence ? $localize`:@@rollouts.reviewAtFirst:dès la première occurrence` : $localize`:@@rollouts.reviewAtStart:dès le démarrage`;
  const rings = found && found.rings.length > 1 && !isFree
    ? found.rings.map((ring, place) => place
        ? $localize`:@@rollouts.reviewRing:${partOf(ring.up_to_bp)}:part: du parc (${count(ring.devices)}:n: poste(s) de plus) : pas avant le ${moment(ring.not_before)}:at:.`
        : $localize`:@@rollouts.reviewFirst:${partOf(ring.up_to_bp)}:part: du parc (${count(ring.devices)}:n: poste(s)) : ${begins}:begins:.`)
    : [$localize`:@@rollouts.reviewAtOnce:Tous les postes visés, ${begins}:begins:.`];
  const perMin = asked.rollout.orders_per_min;
  return [
    ...againOf(asked, now),
    ...rings,
    ...(asked.windows.length
      ? [$localize`:@@rollouts.reviewWindows:Seulement ${asked.windows.map(windowSaid).join(' ; ')}:windows:, à l’horloge de chaque poste.`]
      : [$localize`:@@rollouts.reviewAnyTime:À toute heure.`]),
    ...(asked.through_freezes ? [$localize`:@@rollouts.reviewThrough:Sans attendre la fin des gels du calendrier.`] : []),
    ...(perMin ? [$localize`:@@rollouts.reviewPace:Au plus ${count(perMin)}:n: ordres par minute.`] : []),
    ...(asked.rollout.bytes_per_hour ? [$localize`:@@rollouts.reviewVolume:Au plus ${bytes(asked.rollout.bytes_per_hour)}:n: téléchargés par heure.`] : []),
    ...(found?.freezes ?? []).map((one) => $localize`:@@rollouts.reviewFreeze:Rien pendant le gel ${freezeSaid(one)}:when: (${one.reason}:why:).`),
    ...(found?.ends_at ? [$localize`:@@rollouts.reviewEstimate:Dernier ordre donné au plus tôt vers le ${moment(found.ends_at)}:at:, si tous les postes répondent aussitôt.`] : []),
    found ? $localize`:@@rollouts.reviewEnd:Fin le ${moment(found.ends_by)}:at: : ensuite, rien ne commence plus.` : $localize`:@@rollouts.reviewLasts:Dure ${duration(asked.expires_in_s)}:time:.`,
  ];
}

/** How often, by the clock of each practice; the next time is told by that of who reads. */
function againOf({ recurrence, expires_in_s: lasts }: Asked, now: number): string[] {
  if (!recurrence) {
    return [];
  }
  const { first, total } = nextTimes(recurrence, wallOf(now), wallOf(now + lasts * 1000), 1);
  return [
    $localize`:@@rollouts.reviewEvery:Se répète : ${recurrenceSaid(recurrence)}:every:, à l’heure de chaque cabinet.`,
    ...(first[0] === undefined ? [] : [$localize`:@@rollouts.reviewNextTime:Prochaine fois : ${occurrenceSaid(first[0])}:at: ; ${count(total)}:n: fois d’ici la fin.`]),
  ];
}

function haltsOf(rollout: Asked['rollout']): string[] {
  const signals = (rollout.signals ?? []).map((one) => {
    const name = one.name || one.dataset || conditionSaid(one.condition);
    return one.max_records === null
      ? $localize`:@@rollouts.reviewSignalShare:Signal « ${name}:name: » sur plus de ${share((one.max_pct ?? 0) / 100)}:most: des postes passés.`
      : $localize`:@@rollouts.reviewSignalRecords:Signal « ${name}:name: » : plus de ${count(one.max_records)}:most: enregistrements.`;
  });
  return [
    $localize`:@@rollouts.reviewFailed:Plus de ${share(rollout.max_failed_pct / 100)}:most: d’échecs, jugés à partir de ${count(rollout.min_runs)}:n: exécutions.`,
    $localize`:@@rollouts.reviewSilent:Plus de ${share(rollout.max_silent_pct / 100)}:most: de postes sans réponse après ${duration(rollout.silent_after_s)}:time:.`,
    ...signals,
    $localize`:@@rollouts.reviewNext:Un palier ne s’ouvre que si ${share(rollout.min_answered_pct / 100)}:least: des postes du précédent ont répondu, et jamais moins de ${duration(rollout.advance_after_s)}:time: après lui.`,
  ];
}

/** A condition in a few words: its only test, or its JSON. */
export function conditionSaid(condition: Record<string, unknown> | null): string {
  const inner = Array.isArray(condition?.['all']) && condition['all'].length === 1 ? (condition['all'][0] as Record<string, unknown>) : condition;
  return inner && typeof inner['fact'] === 'string' ? `${inner['fact']} ${String(inner['op'])} ${JSON.stringify(inner['value'])}` : JSON.stringify(condition);
}

/** Roles as `accounts/roles.py` grants them: pause and abort with `run_collect`, resume and promote with `run_action`. */
function actsOf(found: Message<'CampaignPreview'> | undefined, isFree: boolean): string[] {
  const needed = found?.approvals ?? 0;
  const approval = isFree
    ? []
    : needed > 1
      ? [$localize`:@@rollouts.reviewApprovers:${count(needed)}:n: approbateurs doivent signer, chacun avec sa clé, sur sa machine ; l’auteur du pipeline ne compte pas.`]
      : [$localize`:@@rollouts.reviewApprover:Un approbateur doit signer, avec sa clé, sur sa machine ; l’auteur du pipeline ne compte pas.`];
  return [
    ...approval,
    $localize`:@@rollouts.reviewPause:Pause et arrêt, à tout moment : support, approbateur, administrateur. Reprise : approbateur, administrateur.`,
    $localize`:@@rollouts.reviewBegun:Ce qui a commencé sur un poste va au bout ; un arrêt annule ce qui n’est pas livré.`,
  ];
}
