/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// `npm run dev` shows the pages of this folder with the data of a server that runs elsewhere.
const server = process.env.BATON_URL ?? 'http://localhost:6789';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2023',
    // Small pictures inside the code would need an exception in the content security policy.
    assetsInlineLimit: 0,
    manifest: true,
    chunkSizeWarningLimit: 1500,
  },
  server: {
    proxy: {
      // The server takes changes only from pages of its own address: the address stays as the browser has it.
      '/api': { target: server, changeOrigin: false },
      '/websocket': { target: server, ws: true },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
  },
});
