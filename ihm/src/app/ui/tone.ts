/** What a state means to the eye: never its only carrier. Red is for failures, amber for what needs attention, grey for offline and queued. */
export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'idle';
