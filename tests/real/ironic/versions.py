"""The releases that the lanes run, in one place: raise them here."""

# `newest` in the lane with real Ironics; the lab of machines that boot runs the same one.
IRONIC = ['ironic==39.0.0', 'sushy==5.14.0']
# A BMC for virtual machines, and the agent that boots on them.
SUSHY_TOOLS = ['sushy-tools==2.2.0']
AGENT = ['ironic-python-agent==13.0.0']
# The machine that runs the lab, the agent's ramdisk and the image are all of this release of Debian.
DEBIAN = 'bookworm'
