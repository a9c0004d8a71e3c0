"""Fair comparison of vendors, contracts and money, selection, negotiation, reviews."""
