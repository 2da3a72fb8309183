// Provisions the role as a Node function of the usual kind does: on the AWS SDK, one call after the other.

import https from 'node:https';
import {
  AttachRolePolicyCommand, CreatePolicyCommand, CreatePolicyVersionCommand, CreateRoleCommand, DeletePolicyCommand,
  DeletePolicyVersionCommand, DeleteRoleCommand, DetachRolePolicyCommand, IAMClient, ListPolicyVersionsCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { DeleteBucketPolicyCommand, GetBucketPolicyCommand, PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';

const iam = new IAMClient({});
const s3 = new S3Client({});
const fullAccess = 'arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess';

export async function handler(event) {
  const account = event.StackId.split(':')[4];
  const name = `PersonalizeRole-${event.LogicalResourceId}`;
  const roleArn = `arn:aws:iam::${account}:role/${name}`;
  const policyArn = `arn:aws:iam::${account}:policy/${name}`;
  const buckets = event.ResourceProperties.Buckets ?? [];
  let failure;
  try {
    if (event.RequestType === 'Create') await create(account, name, policyArn, buckets);
    if (event.RequestType === 'Update') await update(account, name, policyArn, buckets, event.OldResourceProperties.Buckets ?? []);
    if (event.RequestType === 'Delete') await remove(name, policyArn, buckets);
  } catch (error) {
    failure = error;
  }
  await answer(event, {
    Status: failure ? 'FAILED' : 'SUCCESS',
    Reason: failure?.message ?? '',
    PhysicalResourceId: roleArn,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    Data: { RoleArn: roleArn },
  });
}

async function create(account, name, policyArn, buckets) {
  await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust(account) }));
  await iam.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument: access(buckets) }));
  for (const arn of [fullAccess, policyArn]) await iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn: arn }));
  for (const bucket of buckets) await merge(bucket, name, true);
}

async function update(account, name, policyArn, buckets, old) {
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: name, PolicyDocument: trust(account) }));
  const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn: policyArn }));
  if (Versions.length === 5) await iam.send(new DeletePolicyVersionCommand({ PolicyArn: policyArn, VersionId: Versions.at(-1).VersionId }));
  await iam.send(new CreatePolicyVersionCommand({ PolicyArn: policyArn, PolicyDocument: access(buckets), SetAsDefault: true }));
  for (const bucket of buckets) await merge(bucket, name, true);
  for (const bucket of old) if (!buckets.includes(bucket)) await merge(bucket, name, false);
}

async function remove(name, policyArn, buckets) {
  for (const bucket of buckets) await merge(bucket, name, false);
  for (const arn of [fullAccess, policyArn]) await iam.send(new DetachRolePolicyCommand({ RoleName: name, PolicyArn: arn }));
  const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn: policyArn }));
  for (const version of Versions) {
    if (!version.IsDefaultVersion) await iam.send(new DeletePolicyVersionCommand({ PolicyArn: policyArn, VersionId: version.VersionId }));
  }
  await iam.send(new DeletePolicyCommand({ PolicyArn: policyArn }));
  await iam.send(new DeleteRoleCommand({ RoleName: name }));
}

/** Reads a bucket's policy, and writes it with the statement or without. */
async function merge(bucket, name, wanted) {
  let document = { Version: '2012-10-17', Statement: [] };
  try {
    document = JSON.parse((await s3.send(new GetBucketPolicyCommand({ Bucket: bucket }))).Policy);
  } catch (error) {
    if (error.name !== 'NoSuchBucketPolicy') throw error;
  }
  const sid = name.replaceAll('-', '');
  document.Statement = document.Statement.filter((s) => s.Sid !== sid);
  if (wanted) {
    document.Statement.push({
      Sid: sid,
      Effect: 'Allow',
      Principal: { Service: 'personalize.amazonaws.com' },
      Action: ['s3:GetObject', 's3:ListBucket'],
      Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    });
  }
  if (document.Statement.length === 0) await s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
  else await s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(document) }));
}

function trust(account) {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{
      Effect: 'Allow',
      Principal: { Service: 'personalize.amazonaws.com' },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'aws:SourceAccount': account } },
    }],
  });
}

function access(buckets) {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:ListBucket'],
      Resource: buckets.flatMap((b) => [`arn:aws:s3:::${b}`, `arn:aws:s3:::${b}/*`]),
    }],
  });
}

function answer(event, body) {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = https.request(event.ResponseURL, {
      method: 'PUT', headers: { 'content-type': '', 'content-length': Buffer.byteLength(text) },
    }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    request.on('error', reject);
    request.end(text);
  });
}
