import { HttpErrorResponse } from '@angular/common/http';

/** A problem document (RFC 9457) of the API, or what stands for one when no answer came. */
export interface Problem {
  readonly code: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Where in what was sent: a JSONPath, or the name of a parameter. */
  readonly at?: string;
}

/** What went wrong, from whatever was thrown; it never throws itself. */
export function problemOf(error: unknown): Problem {
  const failed = error instanceof HttpErrorResponse ? error : undefined;
  if (failed && isProblem(failed.error)) {
    return failed.error;
  }
  if (failed && failed.status === 0) {
    return {
      code: 'network',
      title: $localize`:@@problem.network:Le serveur ne répond pas`,
      status: 0,
      detail: $localize`:@@problem.networkDetail:Vérifiez la connexion de ce poste, puis réessayez.`,
    };
  }
  return {
    code: 'unknown',
    title: $localize`:@@problem.unknown:La demande n’a pas abouti`,
    status: failed?.status ?? 0,
    detail: failed?.message ?? String(error),
  };
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body && 'status' in body;
}
