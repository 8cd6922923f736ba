import type {
  CredentialProviderVendorType,
  PaymentCredentialProviderVendorType
} from "@aws-sdk/client-bedrock-agentcore-control"
import type * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import type { CreatePaymentCredentialProviderRequest, Oauth2Vendor } from "effect-agentcore-identity/Models"
import { describe, expectTypeOf, test } from "vitest"

// The SDK's name of the vendor for each constructor: `oneLogin` is `OneLoginOauth2`.
type VendorOf<Name extends string> = `${Capitalize<Name>}Oauth2`

type Constructors = {
  readonly [
    Name in keyof typeof CredentialProvider as (typeof CredentialProvider)[Name] extends
      (options: never) => CredentialProvider.Definition<"oauth2"> ? Name : never
  ]: true
}

describe("vendors", () => {
  test("are those of the SDK, all of them", () => {
    expectTypeOf<Oauth2Vendor>().toEqualTypeOf<CredentialProviderVendorType>()
    expectTypeOf<CreatePaymentCredentialProviderRequest["credentialProviderVendor"]>().toEqualTypeOf<
      PaymentCredentialProviderVendorType
    >()
  })

  test("have a constructor each", () => {
    expectTypeOf<VendorOf<keyof Constructors & string>>().toEqualTypeOf<CredentialProviderVendorType>()
  })
})
