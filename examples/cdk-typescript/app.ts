// Two ways to the service role from TypeScript: through the function that is deployed already, and by including template.yaml.
import { App, CfnOutput, CustomResource, Fn, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';

const app = new App();

// A role of its own, provisioned by the function of stack personalize-role.
const through = new Stack(app, 'ThroughServiceToken');
const role = new CustomResource(through, 'PersonalizeRole', {
  resourceType: 'Custom::PersonalizeServiceRole',
  serviceToken: Fn.importValue('personalize-role-ServiceToken'),
  properties: {
    Buckets: [{ Name: 'my-training-data', Uses: ['DatasetImport', 'BatchInference'] }],
    PersonalizeAccess: 'None',
  },
});
new CfnOutput(through, 'RoleArn', { value: role.getAttString('RoleArn'), exportName: 'typescript-RoleArn' });

// The whole template, as `make package BUCKET=...` writes it.
const included = new Stack(app, 'Included');
const template = new CfnInclude(included, 'Template', {
  templateFile: process.env.TEMPLATE ?? '../../dist/packaged.yaml',
  parameters: { BucketNames: ['my-training-data'] },
});
new CfnOutput(included, 'Arn', { value: template.getResource('ServiceRole').getAtt('RoleArn').toString() });

// And the ARN of a role that is there already.
const importing = new Stack(app, 'Importing');
new CfnOutput(importing, 'Arn', { value: Fn.importValue('personalize-role-RoleArn') });

app.synth();
