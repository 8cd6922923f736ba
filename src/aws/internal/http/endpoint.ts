/** The host of a service in a region. A test compares it with the endpoint rules of the AWS SDK. */

/** The partitions of AWS, by the beginning of their regions: the suffix of hosts, and of those that have IPv6 too. */
const partitions: ReadonlyArray<readonly [regions: RegExp, suffix: string, dualStackSuffix: string]> = [
  [/^cn-/, "amazonaws.com.cn", "api.amazonwebservices.com.cn"],
  [/^eusc-/, "amazonaws.eu", "api.amazonwebservices.eu"],
  [/^us-iso-/, "c2s.ic.gov", "api.aws.ic.gov"],
  [/^us-isob-/, "sc2s.sgov.gov", "api.aws.scloud"],
  [/^eu-isoe-/, "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"],
  [/^us-isof-/, "csp.hci.ic.gov", "api.aws.hci.ic.gov"],
  [/^/, "amazonaws.com", "api.aws"]
]

export interface Variant {
  readonly fips: boolean
  readonly dualStack: boolean
}

/** `service` is the first part of the host. */
export const regionalEndpoint = (service: string, region: string, { dualStack, fips }: Variant): string => {
  const [, suffix, dualStackSuffix] = partitions.find(([regions]) => regions.test(region)) ?? []
  // STS in GovCloud has no other hosts than these.
  const name = fips && !(service === "sts" && region.startsWith("us-gov-") && !dualStack) ? `${service}-fips` : service
  return `https://${name}.${region}.${dualStack ? dualStackSuffix : suffix}`
}
