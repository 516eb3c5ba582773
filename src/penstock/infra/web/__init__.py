"""HTTP parts of the control plane that know no feature: errors, pages, limits, headers, metrics."""
