// Command cdk-go shows how Go CDK stacks use the service role: its own stack, three ways for others to get the ARN, and a
// recommender whose first import of data succeeds.
package main
