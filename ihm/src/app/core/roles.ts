import { Me } from './session';

export type Role = Me['roles'][number];

/** What each role is called. */
export const ROLES: Readonly<Record<Role, string>> = {
  reader: $localize`:@@role.reader:lecture`,
  support: $localize`:@@role.support:support`,
  author: $localize`:@@role.author:auteur`,
  approver: $localize`:@@role.approver:approbateur`,
  enroller: $localize`:@@role.enroller:enrôlement`,
  admin: $localize`:@@role.admin:administrateur`,
};
