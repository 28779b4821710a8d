"""`python -m workmail_org`: the command line."""

from workmail_org.cli import main

if __name__ == "__main__":
    main(prog_name="workmail-org")
