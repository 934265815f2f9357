import { bytes } from '@core/format';
import { LogDevice, LogRequest } from './words';

/** Codes that PCs and the API give, in words. */
const WHY: Readonly<Record<string, string>> = {
  consent_refused: $localize`:@@logs.whyRefused:L’utilisateur du poste a refusé.`,
  consent_unanswered: $localize`:@@logs.whySilent:L’utilisateur du poste n’a pas répondu.`,
  nothing_found: $localize`:@@logs.whyNothing:Aucun journal de cette période sur ce poste.`,
  over_budget: $localize`:@@logs.whyTooLarge:Son archive dépasse le budget d’un poste.`,
  denied: $localize`:@@logs.whyDenied:La politique locale du poste l’interdit.`,
};

/** Why a PC has sent nothing, as a sentence; its own words stay beside it. */
export function why(device: LogDevice, request: LogRequest): string {
  const last = device.code.split('.').at(-1) ?? '';
  if (device.code === 'upload.budget') {
    const most = device.received_bytes ? bytes(request.total_budget_bytes) : bytes(request.budget_bytes);
    return $localize`:@@logs.whyBudget:Son archive ne tient pas dans les budgets (${most}:most:).`;
  }
  const known = WHY[last] ?? (device.code.startsWith('refused.') ? $localize`:@@logs.whyPolicy:Le poste refuse cet ordre.` : '');
  if (known) {
    return known;
  }
  return device.state === 'expired' ? $localize`:@@logs.whyExpired:Il n’a pas répondu à temps.` : '';
}
