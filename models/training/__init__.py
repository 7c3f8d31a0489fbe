"""How the networks of the default set were trained. Needs PyTorch; nothing here runs at set-up or in the kiosk."""
