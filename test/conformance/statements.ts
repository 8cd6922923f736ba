/**
 * The known behaviour of AgentCore Identity, from the service models, AWS documentation, samples and reports. Behaviour
 * that nobody outside of AWS knows is a setting of the local server instead of a statement.
 */
import type { Statement } from "./statement.js"
import { account } from "./statements/account.js"
import * as Limits from "./statements/limits.js"
import { onBehalfOf } from "./statements/onBehalfOf.js"
import { permissions } from "./statements/permissions.js"
import { protocol } from "./statements/protocol.js"
import { providers } from "./statements/providers.js"
import { machineTokens, userTokens } from "./statements/tokens.js"
import { workloads } from "./statements/workloads.js"

export const statements: ReadonlyArray<Statement> = [
  ...protocol,
  ...workloads,
  ...providers,
  ...machineTokens,
  ...userTokens,
  ...onBehalfOf,
  ...account,
  ...permissions,
  ...Limits.statements
]
