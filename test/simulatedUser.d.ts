import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
declare const SimulatedUserError_base: Schema.TaggedErrorClass<SimulatedUserError, "SimulatedUserError", {
    readonly _tag: Schema.tag<"SimulatedUserError">;
} & {
    reason: Schema.Literal<["InvalidUrl", "Unreachable", "TooManySteps"]>;
    at: typeof Schema.String;
}>;
/**
 * Where the simulated user got stuck. `at` is origin and path of the page: what stands behind them can be a secret.
 *
 * @internal
 */
export declare class SimulatedUserError extends SimulatedUserError_base {
    get message(): string;
}
/**
 * The page where the walk ended. A redirect to something that is not a web page (a scheme of an application) ends it
 * too: then `status` is the one of the redirect and `url` its target.
 *
 * @internal
 */
export interface FinalPage {
    readonly status: number;
    readonly url: Redacted.Redacted;
    /** What a person reads on the page. */
    readonly text: string;
}
/** @internal */
export interface ConsentOptions {
    readonly authorizationUrl: Redacted.Redacted;
    readonly userName: string;
    readonly decision: "allow" | "deny";
}
/** @internal */
export interface SimulatedUser {
    /** Opens the URL, signs in where asked, decides, and goes on to the last page. */
    readonly consent: (options: ConsentOptions) => Effect.Effect<FinalPage, SimulatedUserError>;
    /** Opens the URL and follows redirects, without touching forms. */
    readonly visit: (url: Redacted.Redacted) => Effect.Effect<FinalPage, SimulatedUserError>;
}
/**
 * A user with a browser of his own: cookies stay from one call to the next, so that he remains signed in.
 *
 * @internal
 */
export declare const make: Effect.Effect<SimulatedUser>;
/**
 * One consent in a fresh browser.
 *
 * @internal
 */
export declare const consent: (options: ConsentOptions) => Effect.Effect<FinalPage, SimulatedUserError>;
export {};
