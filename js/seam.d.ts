/*
 * The seam: what the façade (api/) asks of a core, and what a core tells it. Two cores have it: web/core.js over WebAssembly, and
 * bindings/node over the native library. Protocol, states, timers and limits are below it; names and values of the 1.x API above.
 */

/* Number of an error in include/centrifuge/error.h; 0 is none. */
type ErrorNumber = number;

interface ErrorRow {
  name?: string; /* of what `highWater` tells */
  text: string;
  temporary?: boolean;
}

/*
 * What stands for a subscription: any value that is true, the same for one channel until it is removed. The core has one
 * subscription for each channel.
 */
type Handle = unknown;

/* Options of the 1.x client after api/options.js: numbers, booleans and texts; `user`, `timestamp`, `token`, `info` as JSON. */
type CoreOptions = Record<string, unknown> & {
  /* The façade answers requests of this kind: `told.authorize`, `told.refresh`. */
  authorize: boolean;
  refresh: boolean;
};

/*
 * After each call the core does, and tells, what it can do at once. Inside of what it tells nothing more is told: it waits until
 * that has returned. What it throws is reported as uncaught.
 */
export interface Core {
  configure(options: CoreOptions): void; /* throws a Refusal; nothing has changed then */
  /* Those that the next connection uses: JSON values, or '' */
  credentials(): { user: string; timestamp: string; token: string; info: string };
  connect(): ErrorNumber;
  disconnect(): void;
  ping(): void;
  startBatching(): void;
  stopBatching(flush: boolean): void;
  flush(): void;
  startAuthBatching(): void;
  stopAuthBatching(): void;
  state(): number; /* a ClientState */
  id(): string; /* '' when there is none */
  subscribe(channel: string, made: (handle: Handle) => void): ErrorNumber; /* 0: `made` was called, before anything is told */
  unsubscribe(handle: Handle): void;
  remove(handle: Handle): void;
  subscriptionState(handle: Handle): number; /* a SubscriptionState */
  /* 0: `told.result` gets `call`, exactly once. `json` undefined leaves the key out. */
  publish(handle: Handle, call: number, json: string | undefined): ErrorNumber;
  presence(handle: Handle, call: number): ErrorNumber;
  history(handle: Handle, call: number): ErrorNumber;
  authorizeAnswer(request: number, json: string | undefined): void; /* undefined: failed */
  refreshAnswer(request: number, json: string | undefined): void;
}

export const enum ClientState { Disconnected, Connecting, Connected }
export const enum SubscriptionState { New, Subscribing, Subscribed, Refused, Unsubscribed }

/* Thrown by Core.configure: `option` is the name of the one that is wrong, or ''. */
export interface Refusal { code: ErrorNumber; option: string }

/* What the core tells. Bodies are JSON as received. `json`: `error` is JSON, since it is no text. */
export interface Told {
  open(): void; /* a transport, before anything is sent */
  connect(client: string, transport: string, latency: number): void; /* latency -1: unknown */
  disconnect(reason: string, reconnect: boolean): void;
  error(message: string): void;
  transportClose(event: object, reason: string, reconnect: boolean): void;
  refreshFailed(): void;
  highWater(limit: ErrorNumber, used: number, max: number): void;
  log(text: string): void;
  authorize(request: number, body: string): void;
  refresh(request: number): void;
  message(handle: Handle, body: string): void;
  join(handle: Handle, body: string): void;
  leave(handle: Handle, body: string): void;
  pushed(event: 'message' | 'join' | 'leave', handle: Handle, body: object): void; /* one of these, when the core has had to parse it */
  subscribe(handle: Handle, isResubscribe: boolean, recovered: boolean): void;
  refuse(handle: Handle, error: string, json: boolean, advice: string, isResubscribe: boolean): void;
  unsubscribe(handle: Handle): void;
  result(call: number, code: ErrorNumber, error: string, json: boolean, advice: string, body: string, isResubscribe: boolean): void;
}

/* What api/client.js is made for. */
export interface Platform {
  Core: new (told: Told) => Core; /* not configured */
  errors: Record<ErrorNumber, ErrorRow>;
  report(exception: unknown): void; /* as if nobody had caught it */
  options: Record<string, (value: unknown) => unknown>; /* of this platform only: how each becomes one of the core's */
  defaults: Record<string, unknown>; /* of the same, before they become so */
  posts: string[]; /* values of authTransport and refreshTransport that the core knows */
}
