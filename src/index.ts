/**
 * Every module that needs neither the AWS SDK nor HTTP. Import the modules under `aws/`, `http/`, `local/`,
 * `persistence/`, `promise/` and `testing/` by their own subpaths. Node does not tree-shake, and a program without
 * adapters should load none of them.
 *
 * @since 0.2.0
 */

/** @since 0.2.0 */
export * as AccessToken from "./AccessToken.js"
/** @since 0.2.0 */
export * as ApiKey from "./ApiKey.js"
/** @since 0.2.0 */
export * as Consent from "./Consent.js"
/** @since 0.2.0 */
export * as ConsentSession from "./ConsentSession.js"
/** @since 0.2.0 */
export * as ControlPlane from "./ControlPlane.js"
/** @since 0.2.0 */
export * as CredentialCache from "./CredentialCache.js"
/** @since 0.2.0 */
export * as CredentialProvider from "./CredentialProvider.js"
/** @since 0.2.0 */
export * as Credentials from "./Credentials.js"
/** @since 0.2.0 */
export * as DataPlane from "./DataPlane.js"
/** @since 0.2.0 */
export * as IamAccessToken from "./IamAccessToken.js"
/** @since 0.2.0 */
export * as Identity from "./Identity.js"
/** @since 0.2.0 */
export * as IdentityError from "./IdentityError.js"
/** @since 0.2.0 */
export * as IdentitySetup from "./IdentitySetup.js"
/** @since 0.2.0 */
export * as Models from "./Models.js"
/** @since 0.2.0 */
export * as Operation from "./Operation.js"
/** @since 0.2.0 */
export * as PendingConsents from "./PendingConsents.js"
/** @since 0.2.0 */
export * as SecurityTokenService from "./SecurityTokenService.js"
/** @since 0.2.0 */
export * as TokenPoller from "./TokenPoller.js"
/** @since 0.2.0 */
export * as UserIdentifier from "./UserIdentifier.js"
/** @since 0.2.0 */
export * as WorkloadAccessToken from "./WorkloadAccessToken.js"
/** @since 0.2.0 */
export * as WorkloadIdentity from "./WorkloadIdentity.js"
