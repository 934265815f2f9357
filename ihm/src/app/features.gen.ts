// Written by `make gen`.
import { Feature } from '@core/feature';
import { feature as audit } from './features/audit/audit.feature';

export const FEATURES: readonly Feature[] = [audit];
