interface Policies {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): unknown;
}

/**
 * Lets the page start the workers of this application, and no other script: under Trusted Types the address of a worker
 * must come from a policy, and the one named `default` is asked for addresses that no other made.
 */
export function allowOwnWorkers(): void {
  const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes;
  policies?.createPolicy('default', {
    createScriptURL: (url) => {
      const asked = new URL(url, location.href);
      if (asked.origin !== location.origin || !/^\/worker-[\w-]+\.js$/.test(asked.pathname)) {
        throw new TypeError(`${url} is no worker of this application`);
      }
      return url;
    },
  });
}
