// Written by `make gen`.
import { Feature } from '@core/feature';
import { feature as audit } from './features/audit/audit.feature';
import { feature as devices } from './features/devices/devices.feature';
import { feature as fleet } from './features/fleet/fleet.feature';
import { feature as logs } from './features/logs/logs.feature';
import { feature as pipelines } from './features/pipelines/pipelines.feature';
import { feature as rollouts } from './features/rollouts/rollouts.feature';

export const FEATURES: readonly Feature[] = [audit, devices, fleet, logs, pipelines, rollouts];
