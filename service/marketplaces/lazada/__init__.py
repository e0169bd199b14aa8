"""Lazada: SellerCenter and the Open Platform."""
