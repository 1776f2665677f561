"""What is corrected in the simulated ECS, Cloud Map, ACM and autoscaling, asked as any client asks. Three seconds."""

from typing import Any

import boto3
import pytest

from provisioner.sandbox import simulator
from tests.integration.test_simulator_servers import until

DEPLOYMENT = {"maximumPercent": 200, "minimumHealthyPercent": 100, "deploymentCircuitBreaker": {"enable": True, "rollback": True}}


class Cloud:
    """Clients of the simulated AWS, and its default network."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.subnets = [subnet["SubnetId"] for subnet in self.client("ec2").describe_subnets()["Subnets"]][:2]
        self.network = self.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, region_name=simulator.REGION, aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture(scope="module")
def cloud(running: simulator.Simulator) -> Cloud:
    return Cloud(running.endpoint)


def test_a_service_runs_by_its_newest_definition_and_forgets_nothing(cloud: Cloud) -> None:
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="a")
    first, second = (ecs.register_task_definition(
        family="f", containerDefinitions=[{"name": "main", "image": image}], requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256",
        memory="512")["taskDefinition"]["taskDefinitionArn"] for image in ("one", "two"))
    network = {"awsvpcConfiguration": {"subnets": cloud.subnets, "securityGroups": [], "assignPublicIp": "DISABLED"}}
    ecs.create_service(cluster="a", serviceName="s", taskDefinition=first, desiredCount=2, launchType="FARGATE", networkConfiguration=network,
                       healthCheckGracePeriodSeconds=30, enableECSManagedTags=True, deploymentConfiguration=DEPLOYMENT)
    def described() -> dict[str, Any]:
        return dict(ecs.describe_services(cluster="a", services=["s"])["services"][0])

    # the images are not to be had: a moment, where this machine could run them
    found = until(described, lambda found: found["runningCount"] == 2)
    assert (found["runningCount"], found["pendingCount"], len(found["deployments"])) == (2, 0, 1)
    assert found["deploymentConfiguration"] == DEPLOYMENT and found["availabilityZoneRebalancing"] == "DISABLED"
    assert found["healthCheckGracePeriodSeconds"] == 30 and found["enableECSManagedTags"]
    ecs.update_service(cluster="a", service="s", desiredCount=3, taskDefinition=second)
    deployment = until(lambda: described()["deployments"][0], lambda found: found["rolloutState"] == "COMPLETED")
    assert (deployment["runningCount"], deployment["taskDefinition"]) == (3, second)


def test_a_certificate_is_issued_when_its_names_are_proved(cloud: Cloud) -> None:
    acm, dns = cloud.client("acm"), cloud.client("route53")
    arn = acm.request_certificate(DomainName="pay.example", SubjectAlternativeNames=["*.pay.example"], ValidationMethod="DNS")["CertificateArn"]
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "PENDING_VALIDATION"
    zone = dns.create_hosted_zone(Name="pay.example", CallerReference="1")["HostedZone"]["Id"]
    proof = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0]["ResourceRecord"]
    record = {"Name": proof["Name"], "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": proof["Value"]}]}
    dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]})
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"


def test_a_namespace_takes_its_zone_with_it(cloud: Cloud) -> None:
    discovery, dns = cloud.client("servicediscovery"), cloud.client("route53")
    before = len(dns.list_hosted_zones()["HostedZones"])
    discovery.create_private_dns_namespace(Name="x.internal", Vpc=cloud.network)
    assert len(dns.list_hosted_zones()["HostedZones"]) == before + 1
    discovery.delete_namespace(Id=discovery.list_namespaces()["Namespaces"][0]["Id"])
    assert len(dns.list_hosted_zones()["HostedZones"]) == before


def test_machines_of_a_group_are_refreshed_and_leave_nothing(cloud: Cloud) -> None:
    ec2, groups = cloud.client("ec2"), cloud.client("autoscaling")
    template = {"ImageId": "ami-0debf12f0000000a1", "InstanceType": "t3.small", "NetworkInterfaces": [{"DeviceIndex": 0}]}
    ec2.create_launch_template(LaunchTemplateName="machines", LaunchTemplateData=template)
    groups.create_auto_scaling_group(AutoScalingGroupName="g", MinSize=2, MaxSize=4, VPCZoneIdentifier=",".join(cloud.subnets),
                                     LaunchTemplate={"LaunchTemplateName": "machines", "Version": "1"})

    def machines() -> set[str]:
        return {machine["InstanceId"] for machine in groups.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]}

    before = machines()
    groups.start_instance_refresh(AutoScalingGroupName="g")
    assert len(machines()) == 2 and not machines() & before
    groups.update_auto_scaling_group(AutoScalingGroupName="g", MinSize=0, MaxSize=0, DesiredCapacity=0)
    groups.delete_auto_scaling_group(AutoScalingGroupName="g", ForceDelete=True)
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_a_launch_template_and_a_policy_say_what_they_were_given(cloud: Cloud) -> None:
    ec2, groups = cloud.client("ec2"), cloud.client("autoscaling")
    tags = [{"Key": "a", "Value": "b"}]
    ec2.create_launch_template(
        LaunchTemplateName="tagged", TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
        LaunchTemplateData={"ImageId": "ami-0debf12f0000000a1", "TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]})
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName="tagged")["LaunchTemplateVersions"]
    assert [spec["ResourceType"] for spec in version["LaunchTemplateData"]["TagSpecifications"]] == ["instance"]
    assert ec2.describe_launch_templates(LaunchTemplateNames=["tagged"])["LaunchTemplates"][0]["Tags"] == tags
    groups.create_auto_scaling_group(AutoScalingGroupName="p", MinSize=0, MaxSize=1, VPCZoneIdentifier=",".join(cloud.subnets),
                                     LaunchTemplate={"LaunchTemplateName": "tagged", "Version": "1"})
    groups.put_scaling_policy(AutoScalingGroupName="p", PolicyName="load", PolicyType="TargetTrackingScaling", TargetTrackingConfiguration={
        "TargetValue": 60, "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}})
    (policy,) = groups.describe_policies(AutoScalingGroupName="p")["ScalingPolicies"]
    assert policy["Enabled"] is True and "PredictiveScalingConfiguration" not in policy
