// A role of its own, provisioned by the function of the deployed stack personalize-role; and the ARN of a role that is there already.
import { App, CfnOutput, CustomResource, Duration, Fn, Stack } from 'aws-cdk-lib';

const app = new App();

const through = new Stack(app, 'ThroughServiceToken');
const role = new CustomResource(through, 'PersonalizeRole', {
  resourceType: 'Custom::PersonalizeServiceRole',
  serviceToken: Fn.importValue('personalize-role-ServiceToken'),
  // Longer than the function's own time with one retry.
  serviceTimeout: Duration.minutes(12),
  properties: {
    // The stack of the function must name the bucket in AdditionalBucketNames.
    Buckets: [{ Name: 'my-training-data', Uses: ['DatasetImport', 'BatchInference'] }],
    PersonalizeAccess: 'None',
  },
});
new CfnOutput(through, 'RoleArn', { value: role.getAttString('RoleArn'), exportName: 'typescript-RoleArn' });

const importing = new Stack(app, 'Importing');
new CfnOutput(importing, 'Arn', { value: Fn.importValue('personalize-role-RoleArn') });

app.synth();
