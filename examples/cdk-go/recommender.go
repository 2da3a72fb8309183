package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awspersonalize"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/infra/personalizerole"
)

// dataBucket exists already, with data/interactions.csv in it.
const dataBucket = "my-training-data"

// interactions is the smallest schema of a dataset of interactions.
const interactions = `{"type":"record","name":"Interactions","namespace":"com.amazonaws.personalize.schema","fields":[` +
	`{"name":"USER_ID","type":"string"},{"name":"ITEM_ID","type":"string"},{"name":"TIMESTAMP","type":"long"}],"version":"1.0"}`

// newRecommender imports data into a dataset group. The import job needs a role that can be assumed and a bucket whose policy lets
// Personalize in: both are so once the role's resource is complete, and the reference to RoleArn makes the job wait for it.
func newRecommender(app awscdk.App, zip *string) {
	stack := awscdk.NewStack(app, jsii.String("Recommender"), nil)
	bucket := awss3.Bucket_FromBucketName(stack, jsii.String("Data"), jsii.String(dataBucket))
	role := personalizerole.NewPersonalizeServiceRole(stack, jsii.String("ServiceRole"), &personalizerole.PersonalizeServiceRoleProps{
		Provider: newProvider(stack, zip),
		Buckets: []personalizerole.Bucket{{
			Bucket:   bucket,
			Uses:     []personalizerole.Use{personalizerole.UseDatasetImport},
			Prefixes: jsii.Strings("data/"),
		}},
	})
	schema := awspersonalize.NewCfnSchema(stack, jsii.String("Schema"), &awspersonalize.CfnSchemaProps{
		Name: jsii.String("interactions"), Schema: jsii.String(interactions),
	})
	group := awspersonalize.NewCfnDatasetGroup(stack, jsii.String("DatasetGroup"),
		&awspersonalize.CfnDatasetGroupProps{Name: jsii.String("recommender")})
	awspersonalize.NewCfnDataset(stack, jsii.String("Dataset"), &awspersonalize.CfnDatasetProps{
		Name: jsii.String("interactions"), DatasetType: jsii.String("Interactions"), DatasetGroupArn: group.AttrDatasetGroupArn(),
		SchemaArn: schema.AttrSchemaArn(),
		DatasetImportJob: &awspersonalize.CfnDataset_DatasetImportJobProperty{
			JobName:    jsii.String("first-import"),
			RoleArn:    role.RoleArn(),
			DataSource: &map[string]any{"DataLocation": fmt.Sprintf("s3://%s/data/interactions.csv", dataBucket)},
		},
	})
}
