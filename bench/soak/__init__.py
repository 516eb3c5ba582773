"""Mixed hostile and honest load on one machine, for as long as one likes: what do the honest ones
notice, and what does it cost the processes?
"""
