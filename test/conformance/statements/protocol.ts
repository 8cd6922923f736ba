/** The protocol: the parts of a request that count, and the parts of a response. */
import { cite, guess, is, model, present, reference, rejects, smithy, smithyTest, statement } from "../statement.js"
import { askM2m, askUser, createGithub, createWorkload, githubConfig, tokenOf } from "./resources.js"

const serialization = { status: 400, name: "SerializationException" } as const

const validation = { status: 400, name: "ValidationException" } as const

export const protocol = [
  statement({
    id: "protocol.unknown-member",
    statement: "A member that the operation does not have is ignored",
    source: guess(
      "no document says what the service does with a member that it does not know; clients that are newer than the service send them"
    ),
    run: async (world) => {
      world.changeNextRequest((json) => ({ ...json, tomorrow: { a: [1, "b"] } }))
      await createWorkload(world)
    }
  }),
  statement({
    id: "protocol.null-member",
    statement: "A member that is null is absent",
    source: cite(smithyTest("json-structs.smithy"), "Rest Json should not deserialize null structure values"),
    run: async (world) => {
      world.changeNextRequest((json) => ({ ...json, tags: null, allowedResourceOauth2ReturnUrls: null }))
      const name = await createWorkload(world)
      const read = await world.control.getWorkloadIdentity({ name })
      is("URLs", read.allowedResourceOauth2ReturnUrls ?? [], [])
      world.changeNextRequest((json) => ({ ...json, name: null }))
      await rejects(world.control.getWorkloadIdentity({ name }), validation)
    }
  }),
  statement({
    id: "protocol.timestamps",
    statement: "Times are numbers of seconds since the epoch",
    source: cite(
      smithy,
      "This protocol uses epoch-seconds, also known as Unix timestamps, in JSON payloads represented as a double."
    ),
    run: async (world) => {
      await world.control.getWorkloadIdentity({ name: await createWorkload(world) })
      const { createdTime } = JSON.parse(world.lastExchange().body)
      is("createdTime", typeof createdTime, "number")
      is("difference to now below an hour", Math.abs(createdTime - Date.now() / 1_000) < 3_600, true)
    }
  }),
  statement({
    id: "protocol.errors",
    statement: "An exception has its name in x-amzn-errortype, a request id, and a message in JSON",
    source: guess(
      "the request id in x-amzn-requestid and the member message, which the AWS clients read",
      cite(smithy, "New server-side protocol implementations MUST use a header field named X-Amzn-Errortype.")
    ),
    run: async (world) => {
      await rejects(world.control.getWorkloadIdentity({ name: world.name() }), {
        status: 404,
        name: "ResourceNotFoundException"
      })
      const { body, headers } = world.lastExchange()
      is("x-amzn-errortype", headers["x-amzn-errortype"]?.split(":")[0], "ResourceNotFoundException")
      present("x-amzn-requestid", headers["x-amzn-requestid"])
      is("message", typeof JSON.parse(body).message, "string")
    }
  }),
  statement({
    id: "protocol.reason",
    statement: "The response of a ValidationException has the member reason, which may be null",
    source: guess(
      "that it may be null: the model requires the member, and its enumeration has no value for most rejections",
      cite(reference, "reason: ValidationExceptionReason | undefined")
    ),
    run: async (world) => {
      const name = await createGithub(world)
      const token = await tokenOf(world, await createWorkload(world, []), "alice")
      const calls = [
        () => world.control.createOauth2CredentialProvider({ name, ...githubConfig }),
        () => world.control.getWorkloadIdentity({ name: "ab" }),
        () => askUser(world, token, name, { resourceOauth2ReturnUrl: "https://elsewhere.example.com/" })
      ]
      for (const call of calls) {
        await rejects(call(), validation)
        // The service sends null when it has no reason.
        is("reason", "reason" in JSON.parse(world.lastExchange().body), true)
      }
    }
  }),
  statement({
    id: "protocol.one-field",
    statement: "One wrong field is reported once: a discovery URL outside its pattern",
    source: guess(
      "the form of the message, which other services of AWS have",
      cite(
        model,
        "CreateOauth2CredentialProvider.oauth2ProviderConfigInput.customOauth2ProviderConfig.oauthDiscovery.discoveryUrl: pattern .+/\\.well-known/(openid-configuration|oauth-authorization-server)"
      ),
      cite(reference, "The name of the field.", "A message describing why this field failed validation.")
    ),
    run: async (world) => {
      const { fields, message } = await rejects(
        world.control.createOauth2CredentialProvider({
          name: world.name(),
          credentialProviderVendor: "CustomOauth2",
          oauth2ProviderConfigInput: {
            customOauth2ProviderConfig: {
              oauthDiscovery: { discoveryUrl: "https://id.example.com/" },
              clientId: "client",
              clientSecret: "secret"
            }
          }
        }),
        validation
      )
      is("fields", fields.length, 1)
      is("message", message.startsWith("1 validation error detected: "), true)
      is("member", fields[0]?.endsWith("discoveryUrl"), true)
    }
  }),
  statement({
    id: "protocol.enum-message",
    statement:
      "The error for a wrong value of an enumeration lists all values: Member must satisfy enum value set: […]",
    source: guess(
      "no readable report has this message of AgentCore Identity; Smithy's servers write it",
      cite(
        smithyTest("validation/malformed-enum.smithy"),
        "failed to satisfy constraint: Member must satisfy enum value set: [abc, def]"
      )
    ),
    run: async (world) => {
      world.changeNextRequest((json) => ({ ...json, credentialProviderVendor: "NopeOauth2" }))
      const vendor = await rejects(
        world.control.createOauth2CredentialProvider({ name: world.name(), ...githubConfig }),
        { ...validation, message: "Member must satisfy enum value set: [" }
      )
      is("fields", vendor.fields, ["credentialProviderVendor"])
      is("GithubOauth2 in the list", vendor.message.includes("GithubOauth2"), true)
      const token = await tokenOf(world, await createWorkload(world))
      world.changeNextRequest((json) => ({ ...json, oauth2Flow: "NOPE" }))
      await rejects(askM2m(world, token, world.name()), {
        ...validation,
        message: "Member must satisfy enum value set: ["
      })
    }
  }),
  statement({
    id: "protocol.wrong-type",
    statement: "A value of another JSON type where an enumeration stands is a SerializationException",
    source: guess(
      "that an enumeration is read like a number: the tests have none about enumerations",
      cite(smithyTest("malformedRequests/malformed-integer.smithy"), "Malformed values in the body should be rejected")
    ),
    run: async (world) => {
      const token = await tokenOf(world, await createWorkload(world))
      for (const wrong of [true, 1, ["M2M"], { a: 1 }]) {
        world.changeNextRequest((json) => ({ ...json, oauth2Flow: wrong }))
        await rejects(askM2m(world, token, world.name()), serialization)
        world.changeNextRequest((json) => ({ ...json, credentialProviderVendor: wrong }))
        await rejects(
          world.control.createOauth2CredentialProvider({ name: world.name(), ...githubConfig }),
          serialization
        )
      }
    }
  }),
  statement({
    id: "protocol.integers",
    statement: "A fraction, or a number of more than 32 bits, where an integer stands is a SerializationException",
    source: cite(
      smithyTest("malformedRequests/malformed-integer.smithy"),
      "Underflow or overflow should result in SerializationException",
      "Malformed values in the body should be rejected"
    ),
    run: async (world) => {
      for (const maxResults of [1.5, 1.001, 2 ** 31, -(2 ** 40)]) {
        world.changeNextRequest((json) => ({ ...json, maxResults }))
        await rejects(world.control.listWorkloadIdentities({}), serialization)
      }
      world.changeNextRequest((json) => ({ ...json, maxResults: 2 ** 31 - 1 }))
      await rejects(world.control.listWorkloadIdentities({}), validation)
    }
  }),
  statement({
    id: "protocol.null-items",
    statement: "A null in a list or in a map is a SerializationException, and never dropped",
    source: guess(
      "that AWS's servers pass these tests: the server of smithy-rs fails them",
      cite(
        smithyTest("malformedRequests/malformed-list.smithy"),
        "When a dense list contains null, the response should be a 400 SerializationException."
      ),
      cite(
        smithyTest("malformedRequests/malformed-map.smithy"),
        "When a dense map contains a null value, the response should be a 400 SerializationException."
      )
    ),
    run: async (world) => {
      const { control } = world
      for (
        const wrong of [{ tags: { a: null } }, { tags: { a: "b", c: null } }, {
          allowedResourceOauth2ReturnUrls: [null]
        }]
      ) {
        const name = world.name()
        world.changeNextRequest((json) => ({ ...json, ...wrong }))
        await rejects(control.createWorkloadIdentity({ name }), serialization)
        await rejects(control.getWorkloadIdentity({ name }), { status: 404 })
      }
      const { workloadIdentityArn = "" } = await control.createWorkloadIdentity({ name: world.name() })
      world.changeNextRequest(() => ({ tags: { a: null } }))
      await rejects(control.tagResource({ resourceArn: workloadIdentityArn, tags: { b: "c" } }), serialization)
      is("tags", (await control.listTagsForResource({ resourceArn: workloadIdentityArn })).tags ?? {}, {})
    }
  }),
  statement({
    id: "protocol.code-points",
    statement: "The length of a string is the number of its code points",
    source: cite(
      "https://smithy.io/2.0/spec/constraint-traits.html#length-trait",
      "string The number of Unicode scalar values"
    ),
    run: async (world) => {
      const workloadName = await createWorkload(world)
      await tokenOf(world, workloadName, "\u{1f511}".repeat(128))
      await rejects(tokenOf(world, workloadName, "\u{1f511}".repeat(129)), validation)
    }
  })
]
