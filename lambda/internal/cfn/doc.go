// Package cfn implements the protocol of CloudFormation custom resources: the event, the answer and its delivery, and the decision whether
// an event is still wanted. It uses no AWS client: package provision asks CloudFormation.
//
// The pages behind it:
//   - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
//   - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
package cfn
