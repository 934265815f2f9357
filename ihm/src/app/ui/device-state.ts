import { Component, computed, input } from '@angular/core';
import { CircleAlert, CircleCheck, CircleDashed, CircleSlash2, Clock3 } from 'lucide';
import { Message } from '@core/api/api';
import { Icon as Shape } from '@core/icon';
import { Status } from './status';
import { Tone } from './tone';

export type DeviceState = Message<'Device'>['state'];

/** The states of a device, in the order in which they are listed. */
export const DEVICE_STATES: readonly DeviceState[] = ['online', 'late', 'offline', 'suspect', 'revoked'];

/** A device that is away is normal, hence grey; only two machines with one identity are wrong. */
export const DEVICE_STATE: Record<DeviceState, { readonly label: string; readonly means: string; readonly tone: Tone; readonly icon: Shape }> = {
  online: { label: $localize`:@@device.online:En ligne`, means: $localize`:@@device.onlineMeans:entendu il y a moins de 10 min`, tone: 'ok', icon: CircleCheck },
  late: { label: $localize`:@@device.late:En retard`, means: $localize`:@@device.lateMeans:dernier contact > 10 min`, tone: 'warn', icon: Clock3 },
  offline: { label: $localize`:@@device.offline:Hors ligne`, means: $localize`:@@device.offlineMeans:dernier contact > 24 h`, tone: 'idle', icon: CircleDashed },
  suspect: { label: $localize`:@@device.suspect:Identité en double`, means: $localize`:@@device.suspectMeans:deux machines, aucun ordre`, tone: 'bad', icon: CircleAlert },
  revoked: { label: $localize`:@@device.revoked:Révoqué`, means: $localize`:@@device.revokedMeans:enrôlement terminé`, tone: 'idle', icon: CircleSlash2 },
};

/** The state of a device: the same shape, word and colour everywhere. */
@Component({
  selector: 'cnp-device-state',
  imports: [Status],
  template: `<cnp-status [tone]="told().tone" [icon]="told().icon" [title]="told().means">{{ told().label }}</cnp-status>`,
})
export class DeviceStatus {
  readonly state = input.required<DeviceState>();
  protected readonly told = computed(() => DEVICE_STATE[this.state()]);
}
