// Answers a case a line, as JSON, with a line: what an independent implementation of IAM's rules decides.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

for await (const line of createInterface({ input: process.stdin })) {
  const c = JSON.parse(line)
  const named = (list) => (list ?? []).map((policy, n) => ({ name: `policy ${n}`, policy }))
  const answer = await runSimulation(
    {
      request: { principal: c.principal, action: c.action, resource: { resource: c.resource, accountId: c.account }, contextVariables: c.context },
      identityPolicies: named(c.identity),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: c.policy,
      permissionBoundaryPolicies: c.boundary && named([c.boundary])
    },
    {}
  )
  const ignored = answer.result?.ignoredContextKeys ?? []
  console.log(
    answer.resultType === 'single' && ignored.length === 0
      ? answer.overallResult
      : `error ${JSON.stringify(answer.errors ?? { ignored })}`
  )
}
