"""What visitors see and hear. The only room that knows Qt."""
