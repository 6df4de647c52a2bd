"""A copy of the Terraform configuration that uses an emulator, so that neither the tree nor any real state is changed."""

import json
import os
import shutil
from pathlib import Path

from emulator import REGION
from shell import ROOT, run

SERVICES = ["ec2", "iam", "sts", "s3", "ssm", "kms", "logs", "elbv2", "rds"]


def provider(url):
    """Override of the provider block. Few retries: what an emulator does not know it shall say soon."""
    endpoints = "\n".join(f'    {name} = "{url}"' for name in SERVICES)
    return f"""
provider "aws" {{
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false
  s3_use_path_style           = true
  max_retries                 = 3
  endpoints {{
{endpoints}
  }}
}}
"""


# Both emulators forget the description of a rule that names a group, and moto the parameters of a database.
FORGETFUL = """
resource "{kind}" "{name}" {{
  lifecycle {{
    ignore_changes = [{what}]
  }}
}}
"""
FORGOTTEN = {
    ".": [
        ("aws_vpc_security_group_ingress_rule", "service_from_edge", "description"), ("aws_vpc_security_group_egress_rule", "edge_to_service", "description"),
        ("aws_vpc_security_group_ingress_rule", "between_nodes", "description"), ("aws_vpc_security_group_egress_rule", "between_nodes", "description"),
    ],
    "modules/database": [
        ("aws_vpc_security_group_ingress_rule", "nodes", "description"), ("aws_vpc_security_group_egress_rule", "nodes", "description"),
        ("aws_db_parameter_group", "this", "parameter"),
    ],
}

UNPROTECTED = """
resource "{kind}" "{name}" {{
  lifecycle {{
    prevent_destroy = false
  }}
}}
"""


def environment():
    """scripts/terraform-provider.sh has set what Terraform needs to find its provider."""
    return dict(os.environ, TF_IN_AUTOMATION="1", TF_INPUT="0", CHECKPOINT_DISABLE="1", AWS_EC2_METADATA_DISABLED="true")


class Workspace:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.root = self.folder / "terraform"
        self.env = environment()

    def copy(self, emulator_url=None):
        shutil.rmtree(self.folder, ignore_errors=True)
        skip = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfvars", "backend.tf", "__pycache__")
        shutil.copytree(ROOT / "terraform", self.root, ignore=skip)
        shutil.copytree(ROOT / "deploy", self.folder / "deploy", ignore=skip)
        if emulator_url:
            for folder, forgotten in FORGOTTEN.items():
                text = "".join(FORGETFUL.format(kind=kind, name=name, what=what) for kind, name, what in forgotten)
                (self.root / folder / "emulator_override.tf").write_text((provider(emulator_url) if folder == "." else "") + text)
            (self.root / "bootstrap" / "emulator_override.tf").write_text(provider(emulator_url))
        return self

    def unprotect(self):
        """Lets destroy take the ledger's volume, its archive and the state's bucket, which it must not on AWS."""
        protected = [
            (self.root, "aws_ebs_volume", "data"), (self.root / "bootstrap", "aws_s3_bucket", "state"),
            (self.root / "modules" / "archive", "aws_s3_bucket", "archive"),
        ]
        for folder, kind, name in protected:
            with open(folder / "emulator_override.tf", "a") as file:
                file.write(UNPROTECTED.format(kind=kind, name=name))

    def variables(self, values):
        (self.root / "terraform.tfvars.json").write_text(json.dumps({"region": REGION} | values))

    def terraform(self, *arguments, check=True, within="."):
        return run("terraform", f"-chdir={self.root / within}", *arguments, check=check, env=self.env)

    def outputs(self):
        return {name: value["value"] for name, value in json.loads(self.terraform("output", "-json").stdout).items()}
