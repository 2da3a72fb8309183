// The whole template, function included, as `make package BUCKET=...` writes it to dist/packaged.yaml.
import { App, CfnOutput, Stack, Validations } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';

const app = new App();
const stack = new Stack(app, 'Included');
const template = new CfnInclude(stack, 'Template', {
  templateFile: process.env.TEMPLATE ?? '../../dist/packaged.yaml',
  parameters: { BucketNames: 'my-training-data,more-data' },
});
// The CDK checks conditional values as if every condition were true, but a parameter that is left out is empty.
for (const id of ['W1030', 'W8003', 'F3031', 'F3033']) {
  Validations.of(stack).acknowledge({ id: `CloudFormation-Validate::${id}`, reason: 'a parameter that is left out is empty' });
}
// The input of the drift check has more combinations of parameters than the CDK tries.
Validations.of(stack).acknowledge({ id: 'CloudFormation-Validate::W9052', reason: 'the input of a rule has many combinations' });
new CfnOutput(stack, 'Arn', { value: template.getResource('ServiceRole').getAtt('RoleArn').toString() });

app.synth();
