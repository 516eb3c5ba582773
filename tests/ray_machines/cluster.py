"""A Ray cluster on this machine: a head without processors, and two nodes with one each.

Run by the Python that has Ray. It prints its address; each line on standard input kills a node.
"""

import sys

from ray.cluster_utils import Cluster


def main() -> None:
    """Runs until the end of standard input."""
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    print(cluster.address, flush=True)
    for _ in sys.stdin:
        cluster.remove_node(nodes.pop(), allow_graceful=False)
        print("killed", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
