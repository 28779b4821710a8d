"""The CDK app of this checkout: `cdk deploy --all -c spec=config/production.yaml`."""

import sys
from pathlib import Path

# A clone works before it is installed, and never runs the code of another one.
sys.path.insert(0, str(Path(__file__).resolve().parent / "constructs"))

from workmail_org.app import main

if __name__ == "__main__":
    sys.exit(main(default_spec="config/example.yaml"))
