import { bytes } from '@core/format';
import { LogDevice, LogRequest } from './words';

/** Codes that PCs and the API give, in words. */
const WHY: Readonly<Record<string, string>> = {
  consent_refused: $localize`:@@logs.whyRefused:L’utilisateur du poste a refusé.`,
  consent_unanswered: $localize`:@@logs.whySilent:L’utilisateur du poste n’a pas répondu.`,
  nothing_found: $localize`:@@logs.whyNothing:Aucun journal de cette période sur ce poste.`,
  denied: $localize`:@@logs.whyDenied:La politique locale du poste l’interdit.`,
};

/** Why a PC has sent nothing, as a sentence; its own words stay beside it. */
export function why(device: LogDevice, request: LogRequest): string {
  const last = device.code.split('.').at(-1) ?? '';
  if (device.state === 'over_budget') {
    const size = /(\d+) bytes/.exec(device.detail)?.[1];
    const most = bytes(request.budget_bytes);
    return size
      ? $localize`:@@logs.whyBudgetOf:Son archive pèse ${bytes(Number(size))}:size: ; budget d’un poste : ${most}:most:.`
      : $localize`:@@logs.whyBudget:Son archive dépasse le budget (${most}:most: par poste).`;
  }
  const known = WHY[last] ?? (device.code.startsWith('refused.') ? $localize`:@@logs.whyPolicy:Le poste refuse cet ordre.` : '');
  if (known) {
    return known;
  }
  return device.state === 'expired' ? $localize`:@@logs.whyExpired:Il n’a pas répondu à temps.` : '';
}
