import { HttpErrorResponse } from '@angular/common/http';
import { Faults } from './faults';
import { problemOf } from './problem';

describe('what went wrong', () => {
  it('is what the API says, when it is the API that speaks', () => {
    const problem = { code: 'role.missing', title: 'Not allowed', status: 403, detail: 'this needs the right enrol' };
    expect(problemOf(new HttpErrorResponse({ status: 403, error: problem }))).toEqual(problem);
  });

  it('is the network when nothing answered', () => {
    expect(problemOf(new HttpErrorResponse({ status: 0, error: new ProgressEvent('error') })).code).toBe('network');
  });

  it('is never a bare page of a proxy', () => {
    const problem = problemOf(new HttpErrorResponse({ status: 502, statusText: 'Bad Gateway', error: '<html>nginx</html>' }));
    expect([problem.code, problem.status]).toEqual(['unknown', 502]);
    expect(problem.detail).not.toContain('<html>');
    expect(problemOf(undefined).code).toBe('unknown');
  });
});

describe('what nobody caught', () => {
  it('is told as an update when a part of the application is gone, and stays so', () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const faults = new Faults();
    faults.handleError(new Error('something'));
    expect(faults.last()).toBe('fault');
    faults.handleError(new TypeError('Failed to fetch dynamically imported module: https://x/chunk-A.js'));
    faults.handleError(new Error('something'));
    expect(faults.last()).toBe('update');
    faults.forget();
    expect(faults.last()).toBeUndefined();
  });
});
