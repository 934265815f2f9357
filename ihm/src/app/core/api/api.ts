import { HttpClient, httpResource, HttpResourceRef } from '@angular/common/http';
import { inject, Injectable } from '@angular/core';
import { firstValueFrom } from 'rxjs';
import { components, paths } from './schema.gen';

/** A message of the API: `Message<'Device'>`. */
export type Message<Name extends keyof components['schemas']> = components['schemas'][Name];

type Method = 'get' | 'post' | 'put' | 'delete' | 'patch';
type With<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, unknown> ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type Json<R> = R extends { content: { 'application/json': infer Body } } ? Body : undefined;
type Good<R> = R extends Record<200, infer One> ? Json<One> : R extends Record<201, infer One> ? Json<One> : undefined;

/** What a path answers when all is well. */
export type Answer<P extends keyof paths, M extends Method> = Operation<P, M> extends { responses: infer R } ? Good<R> : never;
/** What a path takes in its body. */
export type Body<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { requestBody: { content: { 'application/json': infer B } } } ? B : undefined;
type Part<O, Name extends 'path' | 'query'> = O extends { parameters: infer A } ? (A extends Partial<Record<Name, infer X>> ? X : never) : never;

/** Parts of the address: those of the path, those after `?` (without the empty ones). */
export interface Where<P extends keyof paths, M extends Method> {
  readonly path?: NonNullable<Part<Operation<P, M>, 'path'>>;
  readonly query?: Partial<NonNullable<Part<Operation<P, M>, 'query'>>>;
}

/**
 * A resource of the API, read again whenever a signal that `where` reads changes; `undefined` reads nothing.
 * Call it where injection is possible. The last good answer is kept by `lastGood` of `@core/last-good`.
 */
export function read<P extends With<'get'>>(
  path: P,
  where: () => Where<P, 'get'> | undefined = () => ({}),
): HttpResourceRef<Answer<P, 'get'> | undefined> {
  return httpResource<Answer<P, 'get'>>(() => {
    const found = where();
    return found && { url: addressOf(path, found), params: queryOf(found) };
  });
}

/** Calls of the API; each rejects with `HttpErrorResponse`, which `problemOf` reads. */
@Injectable({ providedIn: 'root' })
export class Api {
  private readonly http = inject(HttpClient);

  get<P extends With<'get'>>(path: P, where: Where<P, 'get'> = {}): Promise<Answer<P, 'get'>> {
    return firstValueFrom(this.http.get<Answer<P, 'get'>>(addressOf(path, where), { params: queryOf(where) }));
  }

  post<P extends With<'post'>>(path: P, body: Body<P, 'post'>, where: Where<P, 'post'> = {}): Promise<Answer<P, 'post'>> {
    return firstValueFrom(this.http.post<Answer<P, 'post'>>(addressOf(path, where), body ?? null, { params: queryOf(where) }));
  }

  put<P extends With<'put'>>(path: P, body: Body<P, 'put'>, where: Where<P, 'put'> = {}): Promise<Answer<P, 'put'>> {
    return firstValueFrom(this.http.put<Answer<P, 'put'>>(addressOf(path, where), body ?? null, { params: queryOf(where) }));
  }

  delete<P extends With<'delete'>>(path: P, where: Where<P, 'delete'> = {}): Promise<Answer<P, 'delete'>> {
    return firstValueFrom(this.http.delete<Answer<P, 'delete'>>(addressOf(path, where), { params: queryOf(where) }));
  }
}

/** The address of a call, for a link or a download. */
export function addressOf<P extends keyof paths, M extends Method>(path: P, where: Where<P, M>): string {
  const parts = (where.path ?? {}) as Record<string, string | number>;
  return String(path).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(parts[name] ?? '')));
}

/** A list is a parameter that is repeated. */
function queryOf(where: { query?: object }): Record<string, string | string[]> {
  const given = Object.entries(where.query ?? {}) as [string, unknown][];
  const known = given.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return Object.fromEntries(known.map(([name, value]) => [name, Array.isArray(value) ? value.map(String) : String(value)]));
}
