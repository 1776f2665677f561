"""Keeps each payment that arrives: an item in the table, a receipt in the bucket."""

import json
import os

import boto3


def handle(event, context):
    """`event` holds messages of the queue; each is {"order": ID, "amount": CENTS}. What was kept."""
    payments = [json.loads(record["body"]) for record in event.get("Records", [])]
    for payment in payments:
        order = str(payment["order"])
        boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"],
                                          Item={"order": {"S": order}, "amount": {"N": str(payment["amount"])}})
        boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=f"{order}.json", Body=json.dumps(payment).encode())
    return {"kept": len(payments)}
