/** The partitions of AWS. */

interface Partition {
  /** The name in ARNs. */
  readonly name: string
  /** The suffix of host names. */
  readonly suffix: string
  /** The suffix of host names for IPv4 and IPv6. */
  readonly dualStackSuffix: string
}

const commercial: Partition = { name: "aws", suffix: "amazonaws.com", dualStackSuffix: "api.aws" }

/** By the prefix of region names. All other regions are commercial. */
const partitions: ReadonlyArray<readonly [prefix: string, partition: Partition]> = [
  ["cn-", { name: "aws-cn", suffix: "amazonaws.com.cn", dualStackSuffix: "api.amazonwebservices.com.cn" }],
  ["us-gov-", { ...commercial, name: "aws-us-gov" }],
  ["eusc-", { name: "aws-eusc", suffix: "amazonaws.eu", dualStackSuffix: "api.amazonwebservices.eu" }],
  ["us-iso-", { name: "aws-iso", suffix: "c2s.ic.gov", dualStackSuffix: "api.aws.ic.gov" }],
  ["us-isob-", { name: "aws-iso-b", suffix: "sc2s.sgov.gov", dualStackSuffix: "api.aws.scloud" }],
  ["eu-isoe-", { name: "aws-iso-e", suffix: "cloud.adc-e.uk", dualStackSuffix: "api.cloud-aws.adc-e.uk" }],
  ["us-isof-", { name: "aws-iso-f", suffix: "csp.hci.ic.gov", dualStackSuffix: "api.aws.hci.ic.gov" }]
]

export const partitionOf = (region: string): Partition =>
  partitions.find(([prefix]) => region.startsWith(prefix))?.[1] ?? commercial
